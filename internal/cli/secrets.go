package cli

// What is read from definitions repeats their lines, and those may have passwords of the configuration.
// They are taken out where a plan or a report is made, once for all who print it, and of what a fleet tells
// where it is printed: a fleet does not change.

// printError says an error without secrets, its hints with what this command line has.
func (a *app) printError(err error) { printError(a.Err, a.typed, a.secrets.Error(err)) }

// printWarning says a warning; its secrets are the caller's to take out.
func (a *app) printWarning(text string) { printWarning(a.Err, a.typed.complete(text)) }
