package secret

// MaxSize is for tests.
const MaxSize = maxSize
