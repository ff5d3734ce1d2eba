import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { type LocalServer, serveLocally } from '../../shared/local-server.ts';

/** OpenTelemetry, as an application sets it up: this is all that there is to it. */
export interface Sdk extends AsyncDisposable {
  /** What a Prometheus is given to scrape. */
  readonly metricsUrl: URL;
}

/** @param tracesUrl - who takes spans over OTLP/HTTP */
export async function startSdk(tracesUrl: URL): Promise<Sdk> {
  // A burst of sign-ups must not lose a span here, as all are counted in the end. These are the SDK's own variables.
  process.env['OTEL_BSP_MAX_QUEUE_SIZE'] ??= '50000';
  process.env['OTEL_BSP_SCHEDULE_DELAY'] ??= '500';
  // Its own server would have a fixed port.
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const sdk = new NodeSDK({
    serviceName: 'sign-up',
    autoDetectResources: false,
    metricReaders: [exporter],
    traceExporter: new OTLPTraceExporter({ url: tracesUrl.href }),
    // No logs: without this, the SDK would send them to a collector that it expects on this machine.
    logRecordProcessors: [],
  });
  sdk.start();
  const metrics: LocalServer = await serveLocally('/metrics', (request, response) =>
    exporter.getMetricsRequestHandler(request, response),
  );
  return {
    metricsUrl: metrics.url,
    async [Symbol.asyncDispose]() {
      await sdk.shutdown();
      await metrics[Symbol.asyncDispose]();
    },
  };
}
