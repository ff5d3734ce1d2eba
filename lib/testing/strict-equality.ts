/** What the `expect` of vitest and of jest makes by `expect.any(String)` and its like. */
interface AsymmetricMatcher {
  asymmetricMatch(actual: unknown): boolean;
}

/**
 * Whether two values are the same through and through: same prototypes, no property more or less (also none that is undefined), NaN like NaN, but
 * not 0 like -0. What is expected may hold asymmetric matchers of vitest or jest.
 */
export function isStrictlyEqual(actual: unknown, expected: unknown): boolean {
  return new Comparison().isEqual(actual, expected);
}

/** One comparison: it remembers which pairs it is looking at, so that cycles end. */
class Comparison {
  private readonly open: [unknown, unknown][] = [];

  isEqual(actual: unknown, expected: unknown): boolean {
    if (isAsymmetricMatcher(expected)) return expected.asymmetricMatch(actual);
    if (Object.is(actual, expected)) return true;
    if (!isObject(actual) || !isObject(expected)) return false;
    if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return false;
    if (this.open.some(([a, b]) => a === actual && b === expected)) return true;
    this.open.push([actual, expected]);
    const isEqual = this.haveEqualContents(actual, expected);
    this.open.pop();
    return isEqual;
  }

  private haveEqualContents(actual: object, expected: object): boolean {
    if (typeof actual === 'function' || actual instanceof Promise || actual instanceof WeakMap) return false;
    if (actual instanceof Date) return Object.is(actual.getTime(), (expected as Date).getTime());
    if (actual instanceof URL) return actual.href === (expected as URL).href;
    if (isBox(actual)) return Object.is(actual.valueOf(), expected.valueOf());
    if (actual instanceof RegExp) return areEqualPatterns(actual, expected as RegExp);
    if (actual instanceof Error && !this.areEqualErrors(actual, expected as Error)) return false;
    if (actual instanceof Map) return this.areEqualEntries([...actual], [...(expected as typeof actual)]);
    if (actual instanceof Set) return this.areEqualEntries([...actual], [...(expected as typeof actual)]);
    if (ArrayBuffer.isView(actual) || actual instanceof ArrayBuffer) {
      return haveEqualBytes(bytesOf(actual), bytesOf(expected as ArrayBuffer));
    }
    return this.haveEqualProperties(actual, expected);
  }

  /** What is not enumerable in an error is most of it. Its cause counts where one is expected, as for vitest. */
  private areEqualErrors(actual: Error, expected: Error): boolean {
    return (
      actual.name === expected.name &&
      actual.message === expected.message &&
      (expected.cause === undefined || this.isEqual(actual.cause, expected.cause)) &&
      this.isEqual((actual as AggregateError).errors, (expected as AggregateError).errors)
    );
  }

  /** In any order, as in a set: each expected entry takes one of the actual ones. */
  private areEqualEntries(actual: unknown[], expected: readonly unknown[]): boolean {
    if (actual.length !== expected.length) return false;
    return expected.every((entry) => {
      const index = actual.findIndex((candidate) => this.isEqual(candidate, entry));
      if (index !== -1) actual.splice(index, 1);
      return index !== -1;
    });
  }

  private haveEqualProperties(actual: object, expected: object): boolean {
    if (Array.isArray(actual) && actual.length !== (expected as unknown[]).length) return false;
    const keys = enumerableKeys(expected);
    return (
      keys.length === enumerableKeys(actual).length &&
      keys.every(
        (key) =>
          Object.hasOwn(actual, key) &&
          this.isEqual((actual as Record<PropertyKey, unknown>)[key], (expected as Record<PropertyKey, unknown>)[key]),
      )
    );
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isAsymmetricMatcher(value: unknown): value is AsymmetricMatcher {
  return typeof (value as Partial<AsymmetricMatcher> | null | undefined)?.asymmetricMatch === 'function';
}

/** An object that is made of a plain value, as by `Object(1)`. */
function isBox(value: object): boolean {
  return /^\[object (?:Boolean|Number|String)\]$/u.test(Object.prototype.toString.call(value));
}

function enumerableKeys(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  return [...Object.keys(value), ...symbols];
}

function bytesOf(value: ArrayBufferView | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function areEqualPatterns(actual: RegExp, expected: RegExp): boolean {
  return actual.source === expected.source && actual.flags === expected.flags;
}

function haveEqualBytes(actual: Uint8Array, expected: Uint8Array): boolean {
  return actual.length === expected.length && actual.every((byte, index) => byte === expected[index]);
}
