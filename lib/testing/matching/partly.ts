/** What `expect.any(String)` and its like make. */
export interface AsymmetricMatch {
  /** Whether a value is as wanted. */
  asymmetricMatch(actual: unknown): boolean;
}

/** What has no parts that could be left out. */
type Whole =
  | Date
  | Error
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | ((...all: never[]) => unknown);

/** A part of a value, at any depth: properties may be left out, and any part may be an asymmetric matcher. */
export type Partly<Value> =
  | AsymmetricMatch
  | (Value extends Whole
      ? Value
      : Value extends readonly unknown[]
        ? { readonly [Index in keyof Value]: Partly<Value[Index]> }
        : Value extends object
          ? { readonly [Name in keyof Value]?: Partly<Value[Name]> }
          : Value);
