/** How a spec file went in a page. */
export interface FileResult {
  readonly tests: readonly TestResult[];
  /** What failed outside of tests. */
  readonly errors: readonly string[];
}

export interface TestResult {
  /** With those of its suites. */
  readonly name: string;
  readonly state: 'pass' | 'fail' | 'skip';
  readonly errors: readonly string[];
}
