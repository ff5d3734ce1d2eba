// `npm run build`: an empty dist first, so that no file is published whose source is gone.
import { execSync } from 'node:child_process';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
try {
  for (const program of ['.', 'spec/package/node-doors.tsconfig.json']) {
    execSync(`tsc -p ${program}`, { stdio: 'inherit' });
  }
} catch {
  process.exitCode = 1; // tsc has said why.
}
