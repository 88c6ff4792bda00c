/** How a step ended. */
import type { RejectionReason } from '../contract/host-status.ts';

export type Outcome =
  /** Look again: the plan says what is next. */
  | { readonly kind: 'done' }
  /** It goes on in the background; nothing else is to be done meanwhile. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly detail: string };
