import { z } from 'zod';

/** What a search finds, as the server sends it. */
export const findingsSchema = z.object({ quakes: z.int(), strongest: z.string() });
export type Findings = z.infer<typeof findingsSchema>;
