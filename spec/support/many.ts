/** So many that what overflows does, and what is kept shows. Fewer in browsers: their stacks are full much earlier, too. */
export const MANY: number = Number(process.env['MILLRACE_MANY'] ?? 1_000_000);
