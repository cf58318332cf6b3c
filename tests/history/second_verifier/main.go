// Another verifier of an evidence bundle, by other hands: trees, proofs and notes are judged by golang.org/x/mod/sumdb (the packages
// that Go itself trusts for its module log), never by code of this house. It reads a bundle, the log's key and witnesses' keys:
//
//	second BUNDLE.zip PROOFS.json LOGKEY WITNESSKEY...
//
// prints what it checked as JSON, or what is wrong and exits 1. PROOFS.json holds inclusion proofs: [{"index", "leaf", "path"}].
package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

// cosigner is a witness of C2SP tlog-cosignature (kind 4), as a note.Verifier.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, []byte(message), sig[8:])
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	data, err := base64.StdEncoding.DecodeString(parts[2])
	check("witness key", err)
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), data...))
	return cosigner{parts[0], binary.BigEndian.Uint32(sum[:]), ed25519.PublicKey(data[1:])}
}

type bundle map[string][]byte

func open(path string) bundle {
	archive, err := zip.OpenReader(path)
	check("bundle", err)
	files := bundle{}
	for _, entry := range archive.File {
		reader, err := entry.Open()
		check(entry.Name, err)
		files[entry.Name], err = io.ReadAll(reader)
		check(entry.Name, err)
	}
	return files
}

func (b bundle) lines(name string) []string {
	text := strings.TrimSuffix(string(b[name]), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func hashOf(text string) tlog.Hash {
	var hash tlog.Hash
	data, err := base64.StdEncoding.DecodeString(text)
	check("hash", err)
	if len(data) != len(hash) {
		check("hash", fmt.Errorf("%d bytes", len(data)))
	}
	copy(hash[:], data)
	return hash
}

func hashes(texts []string) []tlog.Hash {
	found := []tlog.Hash{}
	for _, text := range texts {
		found = append(found, hashOf(text))
	}
	return found
}

func number(text string) int64 {
	found, err := strconv.ParseInt(text, 10, 64)
	check("number", err)
	return found
}

func parse(text string) (int64, tlog.Hash) {
	lines := strings.Split(text, "\n")
	return number(lines[1]), hashOf(lines[2])
}

// rootOf builds the tree of all events with tlog alone.
func rootOf(events [][]byte) tlog.Hash {
	stored := []tlog.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := []tlog.Hash{}
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for at, event := range events {
		more, err := tlog.StoredHashes(int64(at), event, reader)
		check("tree", err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(events)), reader)
	check("tree", err)
	return root
}

func main() {
	files := open(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[3])
	check("log key", err)
	known := []note.Verifier{verifier}
	for _, vkey := range os.Args[4:] {
		known = append(known, newCosigner(vkey))
	}
	signed, err := note.Open(files["checkpoint.txt"], note.VerifierList(known...))
	check("note", err)
	signers := []string{}
	for _, sig := range signed.Sigs {
		signers = append(signers, sig.Name)
	}
	size, root := parse(signed.Text)

	// The whole log: its root from the bytes of the events.
	events := bytes.Split(bytes.TrimSuffix(files["events.jsonl"], []byte("\n")), []byte("\n"))
	whole := int64(len(events)) == size
	if whole && rootOf(events) != root {
		check("root", fmt.Errorf("the events give another root"))
	}

	var proofs []struct {
		Index int64
		Leaf  string
		Path  []string
	}
	data, err := os.ReadFile(os.Args[2])
	check("proofs", err)
	check("proofs", json.Unmarshal(data, &proofs))
	for _, proof := range proofs {
		check("inclusion", tlog.CheckRecord(hashes(proof.Path), size, root, proof.Index, hashOf(proof.Leaf)))
	}

	priors := 0
	for name, data := range files {
		if strings.HasPrefix(name, "prior/") {
			before, err := note.Open(data, note.VerifierList(known...))
			check(name, err)
			old, oldRoot := parse(before.Text)
			steps := files.lines(fmt.Sprintf("consistency/%d.txt", old))
			check("consistency", tlog.CheckTree(hashes(steps), size, root, old, oldRoot))
			priors++
		}
	}

	// The streams' ends, each in the manifest that is the last leaf of the log.
	var manifest struct {
		Heads struct {
			Count int64
			Root  string
		}
	}
	check("manifest", json.Unmarshal(events[len(events)-1], &manifest))
	listed, err := hex.DecodeString(manifest.Heads.Root)
	check("manifest", err)
	heads := 0
	for _, line := range files.lines("heads.jsonl") {
		var head struct {
			Stream, Head string
			Seq, Index   int64
			Path         []string
		}
		check("head", json.Unmarshal([]byte(line), &head))
		leaf := tlog.RecordHash([]byte(fmt.Sprintf("%s\t%d\t%s\n", head.Stream, head.Seq, head.Head)))
		check("head", tlog.CheckRecord(hashes(head.Path), manifest.Heads.Count, tlog.Hash(*(*[32]byte)(listed)), head.Index, leaf))
		heads++
	}
	answer, err := json.Marshal(map[string]any{
		"signers": signers, "size": size, "whole": whole, "inclusions": len(proofs), "priors": priors, "heads": heads,
	})
	check("answer", err)
	fmt.Println(string(answer))
}
