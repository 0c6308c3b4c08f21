package runner

// Retrying is for tests.
type Retrying = retrying
