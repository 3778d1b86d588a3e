package rest

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/rest/problem"
)

// refusal is what huma calls for its own refusals, which are about reading a request only: handlers return problems.
func refusal(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	p := refused(status, msg, errs)
	if ctx != nil {
		if x := exchangeOf(ctx.Context()); x != nil {
			p = x.sign(p)
		}
	}
	return p
}

func refused(status int, msg string, errs []error) *problem.Problem {
	switch status {
	case http.StatusBadRequest:
		return problem.New("body_required", "")
	case http.StatusRequestEntityTooLarge:
		return problem.New("body_too_large", "")
	case http.StatusRequestTimeout:
		return problem.New("request_timeout", "")
	case http.StatusUnprocessableEntity:
		if p := invalidPlaces(placesOf(errs)); p != nil {
			return p
		}
		return problem.New("validation_failed", "")
	case http.StatusInternalServerError:
		if msg == "cannot read request body" {
			return problem.New("body_unreadable", "")
		}
	}
	return problem.New("internal", "")
}

func tooLarge(limit int64) *problem.Problem {
	return problem.New("body_too_large", "The body may have at most "+strconv.FormatInt(limit, 10)+" bytes.")
}

// shown is a text of the caller as an answer may repeat it.
func shown(text string) string {
	const most = 64
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strconv.QuoteToASCII(text)
}
