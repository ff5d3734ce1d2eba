import type { SettleOnce } from '../broker/settle-once.ts';
import { AckWindow } from './ack-window.ts';
import type { RabbitMqChannel, RabbitMqConnection, RabbitMqMessage } from './amqp.ts';

/** What a delivery is known by: its message, which bears its tag, and the channel on which that means something. */
export interface Held {
  readonly life: ChannelLife;
  readonly raw: RabbitMqMessage;
}

/** A channel, from its opening to its end, and what is open on it. */
export interface ChannelLife {
  readonly channel: RabbitMqChannel;
  readonly window: AckWindow<SettleOnce<Held>>;
  /** Aborted when it has ended: what was to be sent for its deliveries is not needed any more. */
  readonly signal: AbortSignal;
  /** Ends what lives on it. */
  end(): void;
}

/** Opens a channel. */
export async function openChannelLife(
  connection: RabbitMqConnection,
  onEnded: (life: ChannelLife) => void,
): Promise<ChannelLife> {
  const channel = await connection.createChannel();
  const controller = new AbortController();
  const window = new AckWindow<SettleOnce<Held>>(channel);
  const life: ChannelLife = {
    channel,
    window,
    signal: controller.signal,
    end() {
      window.end();
      controller.abort();
    },
  };
  // An error is followed by 'close'; without a listener, it would end the process.
  channel.on('error', () => undefined);
  channel.on('close', () => onEnded(life));
  return life;
}
