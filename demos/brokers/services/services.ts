import { runAudit } from './audit.ts';
import { runMail } from './mail.ts';
import type { Service, ServiceName } from './service.ts';
import { runWeb } from './web.ts';

/** What each process runs. */
export const services: Readonly<Record<ServiceName, Service>> = { web: runWeb, mail: runMail, audit: runAudit };
