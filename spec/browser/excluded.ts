/** Spec files of the layers that run in browsers which do not run there, and why. */
export const EXCLUDED: Readonly<Record<string, string>> = {
  'spec/indexeddb/chromium.spec.ts': 'it drives Chromium from outside',
  'spec/indexeddb/contract.spec.ts': 'it drives Chromium from outside: all cases of the contract run there',
  'spec/indexeddb/trouble.spec.ts':
    'no browser loses connections or fails when it is asked to: chromium.spec.ts fills its quota and deletes its data',
  'spec/process/probe-context.spec.ts': 'AsyncLocalStorage is of Node',
};
