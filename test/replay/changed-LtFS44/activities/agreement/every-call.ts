/** What is part of every input, and of every answer. */

/** Where a worker acts. Each activity of a run is meant for one place, and a worker of another place declines it. */
export interface Place {
  projectId: string;
  region: string;
  /** Base addresses of the endpoints, such as `https://ecs.eu-west-101.myhuaweicloud.eu`. */
  ecs: string;
  vpc: string;
}

/** Part of every input. */
export interface Placed {
  /** Absent fields are not compared. `null` or absent: the run has no place yet, and any worker may take it. */
  place?: Partial<Place> | null;
}

/** `details[0]` of a failure {@link ACTIVITY_FAILURE.wrongPlace}: which worker has declined. */
export interface Elsewhere {
  place: Place;
}

/** Part of every answer. */
export interface Learned {
  /** The product's search attributes in the namespace: a run that sets one which is no longer there is wedged. */
  searchAttributes?: string[];
}
