package cli

// ExitInterrupted is for tests.
const ExitInterrupted = exitInterrupted
