/** Something that the message explains in full: nobody needs its stack. */
export class DemoError extends Error {}
