//! Bun's socket API for Node.js: the native half.
