import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { kafkaBroker } from 'millrace/kafka';
import { describe, expect, it, vi } from 'vitest';
import { type SocketFactory, wholeResponses } from '../../lib/kafka/whole-responses.ts';
import { kafkaUrl, ownTopic, QUICK } from '../support/kafka.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** A connection whose bytes are said by the spec, and what is heard of them. */
function listening(): { readonly said: PassThrough; readonly heard: Buffer[] } {
  const said = new PassThrough();
  const options = { host: 'localhost', port: 0, ssl: undefined, onConnect: () => undefined };
  const heard: Buffer[] = [];
  wholeResponses(() => said as unknown as Socket)(options).on('data', (bytes) => heard.push(bytes));
  return { said, heard };
}

function response(...body: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + body.length);
  bytes.writeInt32BE(body.length);
  bytes.set(body, 4);
  return bytes;
}

/** The lengths of whole responses. @throws if they are not whole */
function lengthsOf(bytes: Buffer): readonly number[] {
  const lengths = [];
  let at = 0;
  for (; at < bytes.length; at += 4 + lengths.at(-1)!) lengths.push(bytes.readInt32BE(at));
  expect(at).toBe(bytes.length);
  return lengths;
}

describe('wholeResponses()', () => {
  it('passes on whole responses, in order, however they come', async () => {
    const bodies = fc.array(fc.array(fc.nat(255), { maxLength: 40 }), { maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(bodies, sizes, async (all, chunkSizes) => {
        const { said, heard } = listening();
        const bytes = Buffer.concat(all.map((body) => response(...body)));
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = chunkSizes[turn % chunkSizes.length]!;
          said.write(bytes.subarray(at, at + size));
          at += size;
        }
        await vi.waitFor(() => expect(said.readableLength).toBe(0));
        await vi.waitFor(() => expect(Buffer.concat(heard)).toStrictEqual(bytes));
        expect(heard.flatMap(lengthsOf)).toStrictEqual(all.map(({ length }) => length));
      }),
    );
  });

  it('keeps what has begun to itself, and gives it as soon as it is whole', async () => {
    const { said, heard } = listening();
    said.write(Buffer.concat([response(1, 2), response(3).subarray(0, 3)]));
    await vi.waitFor(() => expect(heard).toStrictEqual([response(1, 2)]));
    said.write(response(3).subarray(3));
    await vi.waitFor(() => expect(heard).toStrictEqual([response(1, 2), response(3)]));
  });

  it('ends a connection to what is no server of Kafka', async () => {
    const { said } = listening();
    const failed = new Promise((resolve) => said.on('error', resolve));
    said.write(Buffer.from([0xff, 0xff, 0xff, 0xfe]));
    await expect(failed).resolves.toMatchObject({
      message: 'Expected a response of Kafka, got one of -2 bytes. Is it a Kafka server?',
    });
  });

  it('ends a connection whose listener fails', async () => {
    const said = new PassThrough();
    const options = { host: 'localhost', port: 0, ssl: undefined, onConnect: () => undefined };
    wholeResponses(() => said as unknown as Socket)(options).on('data', () => {
      throw new RangeError('Attempt to access memory outside buffer bounds');
    });
    const failed = new Promise((resolve) => said.on('error', resolve));
    said.write(response(1));
    await expect(failed).resolves.toBeInstanceOf(RangeError);
  });
});

describe.skipIf(kafkaUrl === undefined)('a connection that ends within a response', { timeout: 120_000 }, () => {
  it('is made again and again, and nothing is lost', async () => {
    const topic = await ownTopic(1);
    const [host, port] = kafkaUrl!.split(':') as [string, string];
    await using proxy = await TcpProxy.open(Number(port));
    const socketFactory: SocketFactory = ({ onConnect }) => connect({ host, port: proxy.port }, onConnect);
    await using broker = await kafkaBroker({ connect: { brokers: kafkaUrl!, socketFactory }, ...QUICK });
    const subscription = broker.subscribe({ topics: topic, group: topic });
    const read = new Set<string>();
    const reading = (async () => {
      for await (const delivery of subscription) {
        read.add(delivery.message.id);
        await delivery.ack().catch(() => undefined);
      }
    })();
    await subscription.ready;
    const confirmed = new Set<string>();
    for (let cut = 0; cut < 20; cut++) {
      const before = proxy.dialled;
      proxy.cutWithin();
      const ids = Array.from({ length: 100 }, (_, index) => `m${cut}-${index}`);
      await Promise.all(ids.map((id) => broker.publish({ id, topic, body: new Uint8Array(1_000), headers: {} })));
      for (const id of ids) confirmed.add(id);
      expect(proxy.dialled).toBeGreaterThan(before);
      await vi.waitFor(() => expect(read).toStrictEqual(confirmed), { timeout: 10_000 });
    }
    await subscription.close();
    await reading;
  });
});
