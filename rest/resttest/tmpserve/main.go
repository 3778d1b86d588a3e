package main

import (
	"log/slog"
	"net/http"
	"os"

	"holdfast/rest/resttest"
)

func main() {
	d := resttest.Seed()
	_ = d
	slog.Info("serving")
	h := d.Handler()
	if err := http.ListenAndServe(os.Args[1], h); err != nil {
		panic(err)
	}
}
