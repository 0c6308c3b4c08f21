// Command agentclient asks the SSH agent that a build step finds for its keys, and prints their types and
// comments to the standard error, one a line.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
)

func main() {
	if err := list(os.Getenv("SSH_AUTH_SOCK")); err != nil {
		panic(err)
	}
}

// The messages are those of draft-ietf-sshm-ssh-agent: 11 asks for the identities, 12 answers.
func list(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte{0, 0, 0, 1, 11}); err != nil {
		return err
	}
	answer, err := text(conn)
	if err != nil || len(answer) < 5 || answer[0] != 12 {
		return errors.Join(err, errors.New("no list of keys"))
	}
	keys := bytes.NewReader(answer[5:])
	for keys.Len() > 0 {
		key, err := text(keys)
		if err != nil {
			return err
		}
		comment, err := text(keys)
		if err != nil {
			return err
		}
		kind, err := text(bytes.NewReader(key))
		if err != nil {
			return err
		}
		println("key", string(kind), string(comment))
	}
	return nil
}

// text is RFC 4251's string: its length, then its bytes.
func text(r io.Reader) ([]byte, error) {
	var n uint32
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	if n > 1<<20 {
		return nil, errors.New("too long")
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}
