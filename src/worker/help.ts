/** `--help` */
import { version } from '../version';

export const HELP = `ecs-nics-worker ${version}: deletes NICs of Huawei Cloud servers, as a Temporal worker

Usage: ecs-nics-worker [--check | --help]

  (nothing)   serves until SIGTERM or SIGINT, then drains
  --check     tests configuration, Temporal and cloud by reading only, and ends
  --help

Configured by the environment alone:

  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...    as in every Temporal SDK; localhost:7233, default
  HUAWEICLOUD_SDK_PROJECT_ID (HW_PROJECT_ID)   the one project this worker may touch; required
  HUAWEICLOUD_SDK_REGION_ID (HW_REGION_NAME)   required
  HUAWEICLOUD_SDK_AK, _SK, _SECURITY_TOKEN     access keys (HW_ACCESS_KEY, HW_SECRET_KEY,
                                               HW_SECURITY_TOKEN), or other credentials: README.md
  HUAWEICLOUD_ECS_ENDPOINT, _VPC_ENDPOINT      https://{ecs,vpc}.{region}.myhuaweicloud.com
  ECS_NICS_ALLOW_HTTP=true                     plain http to other machines, too
  ECS_NICS_TASK_QUEUE                          ecs-nics
  ECS_NICS_CLOUD_RPS                           10; calls to the cloud per second, all workers together
  ECS_NICS_HEALTH_ADDRESS                      127.0.0.1:8081, or off; /livez and /readyz
  ECS_NICS_METRICS_ADDRESS                     127.0.0.1:9464, or off; /metrics for Prometheus
  ECS_NICS_SHUTDOWN_GRACE                      20s; what runs may finish for so long
  ECS_NICS_LOG_LEVEL                           info; trace, debug, info, warn, error
  ECS_NICS_LOG_FORMAT                          json, or pretty (default on a terminal)
  TEMPORAL_DEPLOYMENT_NAME,
  TEMPORAL_WORKER_BUILD_ID                     both set: worker versioning, pinned

Exit codes: 0 drained, or all right · 1 fatal · 2 configuration, or something that --check wants repaired
            3 Temporal not reachable (for 60 s; --check waits 15 s at most)
`;
