import { runDemo } from '../shared/demo.ts';
import { demo } from './demo.ts';

process.exitCode = await runDemo(demo, process.argv.slice(2), 'npm start');
