// Loaded before all specs: mocha alone would overlook a promise whose rejection nobody has handled.

process.on('unhandledRejection', thrown => {
  throw thrown
})
