import type { EngineSurroundings } from './engine-surroundings.ts';
import type { HandlerPart } from './probe.ts';
import type { ProcessorStats } from './stats.ts';

/** What probes are shown of an engine: no more than they may use. */
export function handlerPart(
  { name, owner, listensTo = () => [] }: Pick<EngineSurroundings<never>, 'listensTo' | 'name' | 'owner'>,
  stats: () => ProcessorStats,
): HandlerPart {
  return { kind: 'handler', name, ...(owner !== undefined && { owner }), listensTo, stats };
}
