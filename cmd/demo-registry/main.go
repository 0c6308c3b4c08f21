// Demo-registry prepares a folder for the registry of hack/demo and prints its address.
package main

import (
	"fmt"
	"os"

	"github.com/slipway-build/slipway/internal/demo"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo-registry FOLDER")
		os.Exit(2)
	}
	addr, err := demo.Prepare(os.Args[1])
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(addr)
}
