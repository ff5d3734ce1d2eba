/** A bug that is planted in a copy of the engine: one text in one of its files, replaced. */
export interface Mutant {
  readonly bug: string;
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
}

/** Each of them is found by exploring the engine, or the exploration is worth nothing. */
export const MUTANTS: readonly Mutant[] = [
  {
    bug: 'a lost wake-up: a slot that is free again is not used',
    file: 'process/pump.ts',
    text: 'onFree: (call) => this.run(call),',
    replacement: 'onFree: () => {},',
  },
  {
    bug: 'a lost wake-up: a retry that is due does not start',
    file: 'process/pump.ts',
    text: 'this.line.pushRetry(delivery);\n        this.run();',
    replacement: 'this.line.pushRetry(delivery);',
  },
  {
    bug: 'a lost wake-up: a dead event does not let the next one start',
    file: 'process/pump.ts',
    text: 'onRecovered: () => this.run(),',
    replacement: 'onRecovered: () => {},',
  },
  {
    bug: 'a lost wake-up: producers that wait for room are let in one at a time',
    file: 'process/gate.ts',
    text: 'hasLetIn = true;\n    }\n    return hasLetIn;',
    replacement: 'hasLetIn = true;\n      break;\n    }\n    return hasLetIn && false;',
  },
  {
    bug: 'a double settle: what has ended ends again',
    file: 'process/ledger.ts',
    text: 'if (delivery.isEnded) return;\n    delivery.isEnded = true;',
    replacement: 'delivery.isEnded = true;',
  },
  {
    bug: 'a result that comes after its timeout counts',
    file: 'process/attempt-runner.ts',
    text: 'if (call.isOver) this.late(call, undefined);\n    else this.succeed(call, result);',
    replacement: 'this.succeed(call, result);',
  },
  {
    bug: 'an off-by-one in the ring: it grows one event too late',
    file: 'core/ring-buffer.ts',
    text: 'if (this.count === this.slots.length) this.double();',
    replacement: 'if (this.count > this.slots.length) this.double();',
  },
  {
    bug: 'the ring mixes its order when it grows',
    file: 'core/ring-buffer.ts',
    text: '[...this.slots.slice(this.head), ...this.slots.slice(0, this.head)]',
    replacement: '[...this.slots]',
  },
  {
    bug: 'a list loses the link back when one leaves from the middle',
    file: 'core/chain.ts',
    text: 'else node.next.previous = node.previous;',
    replacement: '',
  },
  {
    bug: 'a lane that is not freed',
    file: 'flow/lanes.ts',
    text: 'else this.makeReady(lane);\n  }\n\n  /** Whether something of a key',
    replacement: '\n  }\n\n  /** Whether something of a key',
  },
  {
    bug: 'a lane that is free while its event is at work',
    file: 'flow/lanes.ts',
    text: 'lane.out = 1;',
    replacement: 'lane.out = 0;',
  },
  {
    bug: 'the only lane is not held while its event waits for the next attempt',
    file: 'process/waiting-line.ts',
    text: 'return this.isOneLane && pending > this.room.size;',
    replacement: 'return false;',
  },
  {
    bug: 'one more event pending than there is room for',
    file: 'process/gate.ts',
    text: 'this.direct.calling >= this.limit',
    replacement: 'this.direct.calling > this.limit',
  },
  {
    bug: 'one more attempt in flight than there are slots',
    file: 'process/waiting-line.ts',
    text: 'if (running >= this.concurrency) return false;',
    replacement: 'if (running > this.concurrency) return false;',
  },
  {
    bug: 'one attempt too many',
    file: 'flow/retry-policy.ts',
    text: 'if (attempt >= maxAttempts) return EXHAUSTED;',
    replacement: 'if (attempt > maxAttempts) return EXHAUSTED;',
  },
  {
    bug: 'the timer of the time limits is not armed again',
    file: 'process/attempt-runner.ts',
    text: 'this.options.onExpired(first, error);\n    }\n    this.watchDeadline();',
    replacement: 'this.options.onExpired(first, error);\n    }',
  },
  {
    bug: 'a superseded attempt is not told to stop',
    file: 'process/pump.ts',
    text: 'for (const call of stopped) if (call !== undefined) this.runner.abort(call, why);',
    replacement: 'void why;',
  },
  {
    bug: 'a strategy that should drop what finds its lane busy lets it in',
    file: 'process/gate.ts',
    text: "return pump.lanes?.has(delivery.key) ? this.drop(delivery, 'busy') : undefined;",
    replacement: 'return undefined;',
  },
  {
    bug: 'the oldest event is not dropped for the new one',
    file: 'process/gate.ts',
    text: "pump.replace([pump.room.dropOldest()], 'drop-oldest', delivery);",
    replacement: "pump.replace([], 'drop-oldest', delivery);",
  },
  {
    bug: 'the last one that waits is forgotten at the close',
    file: 'process/waiting-line.ts',
    text: 'Array.from({ length: this.room.size }',
    replacement: 'Array.from({ length: Math.max(0, this.room.size - 1) }',
  },
  {
    bug: 'a drain ends while an event waits for its next attempt',
    file: 'process/engine.ts',
    text: 'if (this.pump.counters.pending === 0) this.life.restIdle();',
    replacement: 'if (this.pump.running === 0) this.life.restIdle();',
  },
  {
    bug: 'a paused handler goes on with what waits',
    file: 'process/pump.ts',
    text: 'while (!this.isPaused && line.mayStart(',
    replacement: 'while (line.mayStart(',
  },
  {
    bug: 'a call that is used again keeps the event before',
    file: 'process/delivery.ts',
    text: 'this.event = entry;\n      this.delivery = undefined;',
    replacement: 'this.event = entry;',
  },
];
