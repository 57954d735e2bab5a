/**
 * Names of the product's own metrics, as Prometheus shows them (counters get `_total` there). Instruments are created
 * by name alone: the worker's exporter would append a unit to the name, and would treat two descriptions of one name as
 * two metrics.
 */
export const METRIC = {
  /** Histogram: polls of one job until its end was seen. */
  pollsPerJob: 'ecs_nics_polls_per_job',
  /** Histogram, seconds: a job's own begin to its own end. */
  jobSeconds: 'ecs_nics_job_seconds',
  /** Histogram, seconds: from a job's own end until a run knew of it. */
  detectionDelay: 'ecs_nics_detection_delay_seconds',
  /** Counter: submissions without a usable answer. */
  unknownSubmissions: 'ecs_nics_submissions_unknown',
  /** Counter, by `outcome`: runs that have ended. */
  runsEnded: 'ecs_nics_runs_ended',
  /** Counter, by `operation` and `code`: calls that the cloud refused, or that got no usable answer. */
  cloudFailures: 'ecs_nics_cloud_failures',
  /** Counter, by `operation`: calls that the cloud throttled. */
  cloudThrottled: 'ecs_nics_cloud_throttled',
} as const;
