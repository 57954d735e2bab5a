/** What is part of every input, and of every answer. */

/** Where a worker acts. Each activity of a run is meant for one place, and a worker of another one declines it. */
export interface Place {
  projectId: string;
  region: string;
  /** Base addresses of the endpoints, such as `https://ecs.eu-west-101.myhuaweicloud.eu`. */
  ecs: string;
  vpc: string;
}

/** Part of every input. */
export interface Placed {
  /** What is not told is not compared; `null` or absent: the run has not been anywhere yet, and any worker may take it. */
  place?: Partial<Place> | null;
}

/** `details[0]` of a failure {@link ACTIVITY_FAILURE.wrongPlace}: who has declined. */
export interface Elsewhere {
  place: Place;
}

/** Part of every answer. */
export interface Learned {
  /** Those of our search attributes that the namespace has now: one that it has lost would wedge the run that sets it. */
  searchAttributes?: string[];
}
