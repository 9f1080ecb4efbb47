export default {
  files: ['__test__/**/*.spec.mjs'],
  // Processes, not worker threads: the addon's life in a worker has tests of its own, and files that count
  // descriptors or handles must be alone in their process.
  workerThreads: false,
  concurrency: 2,
  timeout: '2m',
};
