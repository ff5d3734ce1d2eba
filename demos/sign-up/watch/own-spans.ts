import { type Span, SpanKind, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';
import { textOf } from '../../shared/text.ts';
import { statusOf } from '../intake/answer.ts';
import type { Intake } from '../intake/endpoint.ts';
import type { PreferenceStore } from '../services/preference-files.ts';
import type { SendMail } from '../services/welcome-mail.ts';

/** The spans of the application itself: what instrumentations for HTTP, SMTP or SQL would make. They hang below those of the handlers, as handlers run within theirs. */
export class OwnSpans {
  /** How many there were. */
  readonly counts = { requests: 0, mails: 0, files: 0 };
  readonly #tracer = trace.getTracer('sign-up');
  readonly #open = new Set<Promise<unknown>>();

  /** Requests, whatever is answered. */
  intake(intake: Intake): Intake {
    const attributes = { 'http.request.method': 'POST', 'http.route': '/sign-ups' };
    return {
      take: async (body) => {
        this.counts.requests++;
        return this.#within('POST /sign-ups', { kind: SpanKind.SERVER, attributes }, async (span) => {
          const answer = await intake.take(body);
          const status = statusOf[answer.code];
          span.setAttribute('http.response.status_code', status);
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, message: answer.code });
          return answer;
        });
      },
    };
  }

  /** Each attempt at a mail. */
  mail(send: SendMail, { hostname, port }: URL): SendMail {
    const attributes = { 'server.address': hostname, 'server.port': Number(port), 'network.protocol.name': 'smtp' };
    return async (message, context) => {
      this.counts.mails++;
      await this.#within('send mail', { kind: SpanKind.CLIENT, attributes }, async () => send(message, context));
    };
  }

  /** Each attempt at a file. */
  store(store: PreferenceStore): PreferenceStore {
    return {
      set: async (userId, preferences) => {
        this.counts.files++;
        await this.#within('write file', {}, async () => store.set(userId, preferences));
      },
    };
  }

  /** Resolves when all have ended: what has run out of time ends a little after the event that it was for. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  async #within<Result>(name: string, options: SpanOptions, work: (span: Span) => Promise<Result>): Promise<Result> {
    const running = this.#tracer.startActiveSpan(name, options, async (span) => {
      try {
        return await work(span);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: textOf(error) });
        throw error;
      } finally {
        span.end();
      }
    });
    this.#open.add(running);
    try {
      return await running;
    } finally {
      this.#open.delete(running);
    }
  }
}
