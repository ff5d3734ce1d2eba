import { config } from 'zod';

// Before any schema is made: the page's policy allows no code that is made of text, which schemas are compiled to otherwise.
config({ jitless: true });
