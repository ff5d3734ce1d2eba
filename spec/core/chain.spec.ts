import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chain, type Linked } from '../../lib/core/chain.ts';

class Node implements Linked<Node> {
  previous: Node | undefined = undefined;
  next: Node | undefined = undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const namesOf = (chain: Chain<Node>): string => [...chain].map(({ name }) => name).join('');

function chainOf(names: string): { chain: Chain<Node>; nodes: Record<string, Node> } {
  const chain = new Chain<Node>();
  const nodes = Object.fromEntries(names.split('').map((name) => [name, new Node(name)]));
  for (const node of Object.values(nodes)) chain.push(node);
  return { chain, nodes };
}

describe('Chain', () => {
  it('keeps the order in which nodes joined', () => {
    const { chain } = chainOf('abc');
    expect(namesOf(chain)).toBe('abc');
    expect(chain.first?.name).toBe('a');
    expect(chain.last?.name).toBe('c');
    expect(chain.size).toBe(3);
  });

  it.each([
    { leaves: 'a', rest: 'bc' },
    { leaves: 'b', rest: 'ac' },
    { leaves: 'c', rest: 'ab' },
  ])('closes the gap when $leaves leaves', ({ leaves, rest }) => {
    const { chain, nodes } = chainOf('abc');
    chain.remove(nodes[leaves]!);
    expect(namesOf(chain)).toBe(rest);
    expect(chain.first?.name).toBe(rest.at(0));
    expect(chain.last?.name).toBe(rest.at(-1));
    expect(chain.size).toBe(2);
  });

  it('cuts a node that leaves off from its neighbours, so that they can be collected', () => {
    const { chain, nodes } = chainOf('abc');
    chain.remove(nodes['b']!);
    expect(nodes['b']).toMatchObject({ previous: undefined, next: undefined });
  });

  it('is empty again when the last node has left', () => {
    const { chain, nodes } = chainOf('a');
    chain.remove(nodes['a']!);
    expect(chain).toMatchObject({ first: undefined, last: undefined, size: 0 });
  });

  it('always holds what joined and did not leave, in order', () => {
    const steps = fc.array(fc.oneof(fc.constant('push'), fc.nat({ max: 20 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const chain = new Chain<Node>();
        const model: Node[] = [];
        for (const [index, step] of all.entries()) {
          if (typeof step === 'string') {
            const node = new Node(String(index));
            chain.push(node);
            model.push(node);
          } else if (model.length > 0) {
            const [node] = model.splice(step % model.length, 1);
            chain.remove(node!);
          }
          expect(namesOf(chain)).toBe(model.map(({ name }) => name).join(''));
          expect(chain.size).toBe(model.length);
          expect(chain.last).toBe(model.at(-1));
        }
      }),
    );
  });
});
