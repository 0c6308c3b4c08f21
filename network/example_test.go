package network_test

import (
	"fmt"
	"net/url"

	"github.com/slipway-build/slipway/network"
)

func ExampleNetwork_Proxy() {
	n, err := network.New(network.Options{Proxies: network.Proxies{
		HTTP: "http://proxy.example:3128", HTTPS: "http://secure.example:3128", NoProxy: []string{".internal.example"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range []string{"http://debian.example", "https://registry.example", "https://registry.internal.example"} {
		u, _ := url.Parse(host)
		proxy, _ := n.Proxy(u)
		fmt.Println(host, "through", proxy)
	}
	// Output:
	// http://debian.example through http://proxy.example:3128
	// https://registry.example through http://secure.example:3128
	// https://registry.internal.example through <nil>
}
