package changelog_test

import (
	"fmt"
	"log"
	"time"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/version"
)

func Example() {
	data := []byte(`nodejs (1.4.2-s1) wikimedia; urgency=high

  * Security update

 -- Ada Example <ada@example.org>  Tue, 03 Nov 2026 09:08:07 +0100
`)
	e, err := changelog.ParseNewest("nodejs/changelog", data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.Package, e.Version, e.Date.Unix())

	e.Version, err = version.Updates("s").Next(e.Version)
	if err != nil {
		log.Fatal(err)
	}
	e.Changes = []string{"Rebuilt on a new base image:\nSecurity update"}
	e.Date = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	longer, err := changelog.Prepend(data, e)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", longer[:len(longer)-len(data)])
	// Output:
	// nodejs 1.4.2-s1 1793693287
	// nodejs (1.4.2-s2) wikimedia; urgency=high
	//
	//   * Rebuilt on a new base image:
	//     Security update
	//
	//  -- Ada Example <ada@example.org>  Sat, 21 Nov 2026 10:00:00 +0000
}
