/** Which of the cloud's envelopes an error comes in (docs/cloud-api.md §6.1). */
export type Envelope = 'ecs' | 'gateway' | 'flat' | 'vpc-v3' | 'iam' | 'iam-coded';

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
};

/** A refusal with the HTTP status, code and text of the real service. */
export class CloudError extends Error {
  constructor(
    readonly status: number,
    readonly envelope: Envelope,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  /** `prefix`: gateways sign with `APIGW.` or `APIG.`, depending on region and time (docs/cloud-api.md §6.1). */
  body(requestId: string, prefix: string): unknown {
    switch (this.envelope) {
      case 'ecs':
        return { error: { code: this.code, message: this.message } };
      case 'gateway':
        return { error_code: `${prefix}.${this.code}`, error_msg: this.message, request_id: requestId };
      case 'flat':
        return { code: this.code, message: this.message };
      case 'vpc-v3':
        return { error_code: this.code, error_msg: this.message, request_id: requestId };
      case 'iam':
        return { error: { code: this.status, message: this.message, title: TITLES[this.status] ?? 'Error' } };
      case 'iam-coded':
        return { error_code: this.code, error_msg: this.message };
    }
  }
}

export const ecsError = (status: number, code: string, message: string) =>
  new CloudError(status, 'ecs', code, message);

/** `code` without the prefix, for example `0301`. */
export const gatewayError = (
  status: number,
  code: string,
  message: string,
  headers?: Record<string, string>,
) => new CloudError(status, 'gateway', code, message, headers);

/** The shape of VPC and of a job query that failed. */
export const flatError = (status: number, code: string, message: string) =>
  new CloudError(status, 'flat', code, message);

/** The shape of the VPC's version 3. */
export const vpcV3Error = (status: number, code: string, message: string) =>
  new CloudError(status, 'vpc-v3', code, message);

/** IAM puts the status where others have a code. */
export const iamError = (status: number, message: string) => new CloudError(status, 'iam', '', message);

export const serverMissing = (id: string) => ecsError(404, 'Ecs.0114', `The server ${id} does not exist.`);
export const portMissing = (id: string) => flatError(404, 'VPC.2502', `Port ${id} could not be found.`);
export const throttled = (limit: number, window: string, retryAfter?: number | null) =>
  gatewayError(
    429,
    '0308',
    `The throttling threshold has been reached: policy user over ratelimit,limit:${limit},time:${window}`,
    typeof retryAfter === 'number' ? { 'Retry-After': String(retryAfter) } : {},
  );
