import * as fc from 'fast-check';

/**
 * Tries properties with the same cases in each run, for CI: what it says of a commit must not depend on chance. Whoever runs the specs by hand looks
 * at other cases each time, and `npm run soak -- properties` at many.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1_707 });
