import { describeStore } from './store-suite.ts';
import { memoryStore } from './memory-store.ts';

describeStore('the store in memory', async () => Promise.resolve(memoryStore()));
