const PACKAGE = /* @__PURE__ */ decodeURI(/* @__PURE__ */ new URL('../../', import.meta.url).pathname);

/** Where this library lies: as built, and as sources, which runners show instead where they read source maps. */
const LIBRARY: readonly string[] = /* @__PURE__ */ ['dist/', 'lib/'].map((folder) => PACKAGE + folder);

/** The place in the user's own code that an error's stack leads to; or, if there is none, what of RxJS and this library it leads through. */
export function callSite(made: Error): string {
  const frames = framesOutside(made);
  const own = frames.find((frame) => !isForeign(frame));
  return own === undefined ? through(frames) : placeIn(own);
}

/** The frames of a stack, innermost first, without those of this kit. */
export function framesOutside({ stack = '' }: Error): readonly string[] {
  return stack.split('\n').filter((line) => /^\s*at |@/u.test(line) && !isIn(line, 'testing/'));
}

function isForeign(frame: string): boolean {
  return frame.includes('/node_modules/') || isIn(frame, '') || /\bnode:|<anonymous>\)?$/u.test(frame);
}

/** Whether a frame is in this folder of the library. */
function isIn(frame: string, folder: string): boolean {
  return LIBRARY.some((library) => frame.includes(library + folder));
}

/** `at work (file:///a/b.ts:1:2)` is at `/a/b.ts:1:2`. */
function placeIn(frame: string): string {
  const place = /(?:file:\/\/)?(?<path>[^\s()@]*?:\d+:\d+)\)?$/u.exec(frame)?.groups?.['path'];
  return place ?? frame.trim();
}

/** The modules of a stack, innermost first: their names are those of operators and parts. */
function through(frames: readonly string[]): string {
  const modules = frames.flatMap((frame) => {
    const { package: name, module } =
      /(?<package>rxjs|millrace|lib)\/(?:.*\/)?(?<module>[\w-]+)\.[jt]s/u.exec(frame)?.groups ?? {};
    if (module === undefined || INNER.has(module)) return [];
    return [`${module} (${name === 'rxjs' ? 'rxjs' : 'millrace'})`];
  });
  return modules.length === 0 ? 'a place that is not known' : [...new Set(modules)].slice(0, 4).join(', ');
}

/** Modules that are in every stack of RxJS, and say nothing. */
const INNER: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'Action',
  'AsyncAction',
  'AsyncScheduler',
  'Observable',
  'OperatorSubscriber',
  'Scheduler',
  'Subject',
  'Subscriber',
  'Subscription',
  'errorContext',
  'innerFrom',
  'intervalProvider',
  'lift',
  'timeoutProvider',
]);
