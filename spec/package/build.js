// `npm run build`: an empty dist first, so that a file that was renamed or removed is never published.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', { stdio: 'inherit', shell: process.platform === 'win32' });
