package deb822_test

import (
	"fmt"
	"log"

	"github.com/slipway-build/slipway/deb822"
)

func Example() {
	paragraphs, err := deb822.Parse("nodejs/control", []byte(`Package: nodejs
# the parents
Depends: base (>= 1.0),
  tools/Helper,
`))
	if err != nil {
		log.Fatal(err)
	}
	relations, err := paragraphs[0].Relations("depends")
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range relations {
		fmt.Printf("line %d: %s %s%s\n", r.Line, r.Name, r.Operator, r.Version)
	}
	// Output:
	// line 3: base >=1.0
	// line 4: tools/Helper
}
