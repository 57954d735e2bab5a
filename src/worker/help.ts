/** `--help` */
import { version } from '../version';

export const HELP = `ecs-nics-worker ${version}: deletes NICs of Huawei Cloud servers, on Temporal

Usage: ecs-nics-worker [--check | --help]

  (nothing)  serves until SIGTERM or SIGINT, then drains
  --check    tests configuration, Temporal and cloud by reading only, and ends
  --help

Configured by the environment alone; names in brackets are accepted, too:

  TEMPORAL_ADDRESS, _NAMESPACE, ...    as in every Temporal SDK;
                                       default: localhost:7233, default
  TEMPORAL_DEPLOYMENT_NAME,
  TEMPORAL_WORKER_BUILD_ID             both set: worker versioning, pinned
                                       (docs/upgrades.md first)

  HUAWEICLOUD_SDK_PROJECT_ID           the one project this worker may touch;
    (HW_PROJECT_ID)                    required
  HUAWEICLOUD_SDK_REGION_ID            region, also for the default endpoints;
    (HW_REGION_NAME)                   required
  HUAWEICLOUD_ECS_ENDPOINT,
    _VPC_ENDPOINT, _IAM_ENDPOINT       https://{ecs,vpc,iam}.{region}.{HW_CLOUD}
  HW_CLOUD                             myhuaweicloud.eu for eu-west-1xx, else
                                       myhuaweicloud.com
  HTTPS_PROXY, NO_PROXY                for every connection; never to loopback
  NODE_EXTRA_CA_CERTS                  further authorities, for every connection

  credentials, one of these:
  HUAWEICLOUD_SDK_AK, _SK,             access keys; with the token temporary
    _SECURITY_TOKEN                    ones (HW_ACCESS_KEY, HW_SECRET_KEY, ...)
  HW_AUTH_TOKEN                        a ready IAM token
  HW_DOMAIN_NAME, HW_USER_NAME,
    HW_USER_PASSWORD                   password login
  (none of these)                      the agency of the server this runs on
  ECS_NICS_METADATA_ENDPOINT           its metadata service; for tests

  ECS_NICS_TASK_QUEUE                  ecs-nics
  ECS_NICS_CLOUD_RPS                   10: calls to the cloud per second, all
                                       workers together; equal on all of them
  ECS_NICS_HEALTH_ADDRESS              127.0.0.1:8081, or off: /livez, /readyz
  ECS_NICS_METRICS_ADDRESS             127.0.0.1:9464, or off: /metrics
  ECS_NICS_SHUTDOWN_GRACE              20s: time for running work to finish
  ECS_NICS_LOG_LEVEL                   info (trace, debug, warn, error)
  ECS_NICS_LOG_FORMAT                  json, or pretty (default on a terminal)
  ECS_NICS_AUDIT_LOG                   a file, or stdout: changes as JSON lines
  ECS_NICS_SEARCH_ATTRIBUTES           all, none or names: which there are where
                                       Temporal does not let them be listed
  ECS_NICS_ALLOW_HTTP                  true: plain http to other machines, too

Exit codes: 0 drained, or all right · 1 fatal · 2 configuration, or a problem
that --check has found · 3 Temporal not reachable for 60 s (--check: 15 s)
`;
