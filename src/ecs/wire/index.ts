/**
 * The cloud's answers as schemas. They tolerate additions, missing decoration and every documented variant. What a
 * verdict depends on (a status, a port's owner, the list of NICs) must be there, or the answer is unreadable: a NIC
 * must never look absent because an answer was odd.
 */
import { z } from 'zod';
import type { ElasticIp, Job, Port, ServerInterface } from '../cloud';
import { readProblem } from './envelopes';
import { flag, id, listOf, part, reason, text, word } from './fields';

export * from './server';

/** RFC 3339 in UTC; `""` while a job runs. Without a zone it would be read as local time: `null`. */
const time = z
  .unknown()
  .optional()
  .transform((value) => {
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(value)) return null;
    const at = new Date(value);
    return Number.isNaN(at.getTime()) ? null : at.toISOString();
  });

const fixedIps = listOf(z.object({ subnet_id: text, ip_address: word })).transform((rows) =>
  (rows ?? []).map((row) => ({ subnetId: row.subnet_id, ip: row.ip_address })),
);

/**
 * `GET cloudservers/{id}/os-interface` (docs/cloud-api.md §3.1). Without the list, or with a nameless NIC: unreadable.
 */
export const interfacesAnswer = z
  .object({
    // An inspection asks for every port: with an unlimited list it would never end.
    interfaceAttachments: z
      .array(
        z.object({
          port_id: id,
          port_state: text,
          net_id: text,
          mac_addr: text,
          fixed_ips: fixedIps,
          delete_on_termination: flag,
        }),
      )
      .max(200),
  })
  .transform((answer): ServerInterface[] =>
    answer.interfaceAttachments.map((nic) => ({
      portId: nic.port_id,
      portState: nic.port_state,
      networkId: nic.net_id,
      mac: nic.mac_addr,
      fixedIps: nic.fixed_ips,
      deleteOnTermination: nic.delete_on_termination,
    })),
  );

const port = z.object({
  id: id.optional(),
  name: text,
  network_id: text,
  mac_address: text,
  fixed_ips: fixedIps,
  // Required: without it a used port could look free, so the answer is unreadable.
  device_id: word.nullable(),
  status: text,
  security_groups: listOf(word),
  allowed_address_pairs: listOf(z.object({ ip_address: word, mac_address: text })),
  extra_dhcp_opts: listOf(
    z.object({ opt_name: z.union([word, z.number()]).transform(String), opt_value: text }),
  ),
  port_security_enabled: flag,
  'binding:vif_details': part(z.object({ primary_interface: flag })),
});

function portOf<Id>(row: Omit<z.output<typeof port>, 'id'>, portId: Id): Omit<Port, 'id'> & { id: Id } {
  return {
    id: portId,
    name: row.name,
    networkId: row.network_id,
    mac: row.mac_address,
    fixedIps: row.fixed_ips,
    deviceId: row.device_id?.trim() ?? '',
    status: row.status,
    securityGroups: row.security_groups ?? null,
    allowedAddressPairs:
      row.allowed_address_pairs?.map((pair) => ({ ip: pair.ip_address, mac: pair.mac_address })) ?? null,
    dhcpOptions:
      row.extra_dhcp_opts?.map((option) => ({ name: option.opt_name, value: option.opt_value })) ?? null,
    portSecurityEnabled: row.port_security_enabled,
    primaryInterface: row['binding:vif_details']?.primary_interface ?? null,
  };
}

/** `GET ports/{id}` (docs/cloud-api.md §4.2). */
export const portAnswer = z
  .object({ port })
  .transform((answer) => portOf(answer.port, answer.port.id ?? null));

/** `POST ports`, with any 2xx: which one is not documented. Without an id the new port is unknown: unreadable. */
export const createdPortAnswer = z
  .object({ port: port.extend({ id, device_id: word.nullish().transform((value) => value ?? null) }) })
  .transform((answer) => portOf(answer.port, answer.port.id));

/** A longer page is neither a page of {@link import('./paging').PAGE} entries nor of the vendor's 2,000. */
const pageOf = <T extends z.ZodType>(row: T) => z.array(row).max(2_000);

/** `GET ports`. One unreadable port makes the list unreadable: it could be the wanted one. */
export const portsAnswer = z
  .object({ ports: pageOf(port.extend({ id })) })
  .transform((answer) => answer.ports.map((row) => portOf(row, row.id)));

/** `GET publicips` (docs/cloud-api.md §4.3). An unbound elastic IP has no port, an empty one, or `null`. */
export const elasticIpsAnswer = z
  .object({
    publicips: pageOf(
      z.object({
        id,
        status: text,
        public_ip_address: text,
        public_ipv6_address: text,
        port_id: word.nullish(),
      }),
    ),
  })
  .transform((answer): ElasticIp[] =>
    answer.publicips.map((row) => ({
      id: row.id,
      address: row.public_ip_address ?? row.public_ipv6_address,
      portId: row.port_id?.trim() ?? '',
      status: row.status,
    })),
  );

/**
 * For a call that answers 204, or with what it has changed: no body, or an object that is no error (a 2xx may carry
 * one, docs/cloud-api.md §1.1). A page is neither.
 */
export const doneAnswer = z
  .unknown()
  .refine(
    (body) =>
      body === null || (typeof body === 'object' && !Array.isArray(body) && readProblem(body) === null),
  )
  .transform(() => undefined);

const subJob = z.object({
  status: text,
  error_code: text,
  fail_reason: reason,
  entities: part(z.object({ nic_id: text, errorcode_message: reason })),
});

/** `GET jobs/{id}` (docs/cloud-api.md §2.1). An answer without a status is no job. The type of a job is never read. */
export const jobAnswer = z
  .object({
    job_id: text,
    status: id,
    begin_time: time,
    end_time: time,
    error_code: text,
    fail_reason: reason,
    // An unreadable sub-job says nothing; the others still count.
    entities: part(z.object({ nic_id: text, sub_jobs: listOf(subJob.nullable().catch(null)) })),
  })
  .transform((job): Job => {
    const children = (job.entities?.sub_jobs ?? []).filter((child) => child !== null);
    const failureOf = (code: string | null, told: typeof job.fail_reason) => ({
      errorCode: code ?? told.code,
      failReason: told.message,
    });
    const whole = { status: job.status, ...failureOf(job.error_code, job.fail_reason) };
    const nicId = job.entities?.nic_id ?? null;
    return {
      id: job.job_id,
      ...whole,
      beginAt: job.begin_time,
      endAt: job.end_time,
      subJobs:
        children.length === 0 && nicId !== null
          ? [{ nicId, ...whole }]
          : children.map(({ status, error_code: code, fail_reason: told, entities }) => ({
              nicId: entities?.nic_id ?? null,
              status: status ?? 'UNKNOWN',
              ...failureOf(code, told.message === null && entities ? entities.errorcode_message : told),
            })),
    };
  });

/**
 * `POST …/nics/delete` and `…/nics` (docs/cloud-api.md §1.1, §4.1). A job id that cannot be used in a request counts as
 * absent.
 */
export const acceptedAnswer = z
  .object({
    job_id: z
      .string()
      .trim()
      .regex(/^[\w-]{1,128}$/),
  })
  .transform((answer) => answer.job_id);
