/** Who runs HAProxy: the agent itself, or the units of the machine. */

export interface HaproxyRunner {
  /** Resolves when it takes commands. Throws `AdapterError`. */
  start(signal: AbortSignal): Promise<void>;
  /** Makes it load its configuration anew; what is open goes on. Throws `AdapterError`. */
  reload(signal: AbortSignal): Promise<void>;
}

/** What is asked of the machine's control of its units. */
export interface ProxyUnitControl {
  request(
    verb: 'start' | 'reload',
    unit: 'proxy',
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'done' } | { readonly kind: 'failed'; readonly detail: string }>;
}
