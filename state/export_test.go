package state

// FileName is for tests.
const FileName = fileName
