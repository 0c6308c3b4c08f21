package python_test

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
)

// Values print as Python prints them.
func ExampleQuote() {
	fmt.Println(python.Quote("it's"), python.Quote("tab\t"), python.Float(1), python.Float(1e-5))
	// Output: "it's" 'tab\t' 1.0 1e-05
}
