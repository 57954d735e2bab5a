/** What a run has heard: judged is what it made of that, not what its attempts have asked for in vain. */
import type { Inspection, InspectServerResult } from '../../../src/activities/agreement';
import type { PlayedActivity } from '../engine/schedule';

/** `null`: no inspection, or none of which the run has heard. */
export function inspectionOf({ type, told }: PlayedActivity): Inspection | null {
  if (type !== 'inspectServer' || told === undefined || !('result' in told)) return null;
  const result = told.result as InspectServerResult;
  return result.kind === 'inspection' ? result : null;
}

/** NICs that an inspection has shown to be primary, by either witness. */
export const primariesOf = ({ primary }: Inspection): string[] => [...primary.detail, ...primary.ports];
