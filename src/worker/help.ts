/** `--help` */
import { environmentHelp } from '../contract/variables';
import { version } from '../version';

export const HELP = `ecs-nics-worker ${version}: deletes NICs of Huawei Cloud servers, on Temporal

Usage: ecs-nics-worker [--check | --help]

  (nothing)  serves until SIGTERM or SIGINT, then drains
  --check    tests configuration, Temporal and cloud by reading only, and ends
  --help

Configured by the environment alone; names in brackets are read, too:

${environmentHelp('worker')}

Exit codes: 0 drained, or all right · 1 fatal · 2 configuration, or a problem
that --check has found · 3 Temporal not reachable for 60 s (--check: 15 s)
`;
