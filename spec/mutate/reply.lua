-- Changes to how the body of an answer is read, and to what is said of a failure.

return {
  room = "reply",
  specs = {
    "spec/lua/job_spec.lua", "spec/lua/flawed_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/lua/generic_spec.lua", "spec/lua/info_spec.lua", "spec/lua/page_spec.lua",
    "spec/regress/08-message_spec.lua", "spec/lua/corners_spec.lua", "spec/lua/engine_spec.lua",
    "spec/lua/list_spec.lua", "spec/regress/14-said-wrongly_spec.lua",
    "spec/regress/21-lost-answer_spec.lua", "spec/ges/call/list_spec.lua",
    "spec/ges/advice_spec.lua", "spec/lua/json_spec.lua", "spec/lua/locale_spec.lua",
    "spec/lua/interim_spec.lua" },

  { file = "src/engine/json.c",
    text = "    *dot = localeconv()->decimal_point[0];",
    put = [[    *dot = '.';]],
    why = "in a locale with a decimal comma numbers lose their fraction",
    spec = "spec/lua/locale_spec.lua",
    seen = true },

  { file = "src/engine/json.c",
    text = "#define DIGITS_MAX  19",
    put = "#define DIGITS_MAX  21",
    why = "a number of 21 digits is another one",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/engine/json.c",
    text = "if (low < 0xDC00 || low > 0xDFFF)",
    put = "if (low < 0)",
    why = "two escapes that are no pair become one character",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/engine/json.c",
    text = [[return n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3]],
    put = [[return n >= 3 && memcmp(s, "\xEF\xBB\xBE", 3) == 0 ? 3]],
    why = "an answer with a byte order mark is refused",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/engine/json.c",
    text = [[|| (*first == '0' && j->p - first > 1))]],
    put = ")",
    why = "a number with zeros in front is read",
    spec = "spec/lua/json_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[ROW(AT_JOB, "job_progress", NUMBER)]],
    put = [[ROW(AT_JOB, "job_progress", COUNT)]],
    why = "a progress of 42.5 is dropped",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[ROW(AT_FILE, "path", STRING), ROW(AT_FILE, "log", STRING),]],
    put = [[ROW(AT_FILE, "path", STRING),]],
    why = "the log of a file may have any type",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = "if (type == COUNT && n.d == -1)",
    put = "if (type == COUNT && n.d < 0)",
    why = "a count of -5 is dropped without a word",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[    lua_pushboolean(d->L, 0);
  }
  lua_rawseti(d->L, -2, i);]],
    put = [[    lua_pushnil(d->L);
  }
  lua_rawseti(d->L, -2, i);]],
    why = "a null in a list leaves a hole",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[    forget(d);
  return]],
    put = [[    lua_pop(d->L, 1);
  return]],
    why = "of a field given twice, null at last, the first stays",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[  if (place == AT_DETAIL)
    complete_detail(d);
]],
    put = "",
    why = "the detail of a job lacks the lists that had no files",
    spec = "spec/lua/job_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = [[  d->depth--;
  d->list = NULL;]],
    put = "  d->list = NULL;",
    why = "a page with many jobs of an import is nested too deeply",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = "if (ges_json_peek(&d->json) != 0 || d->json.p != d->json.end)",
    put = "if (0)",
    why = "what stands behind the answer is not seen",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/decode.c",
    text = "((type == FILES || type == JOBS) && is_empty(d->L))",
    put = "(type == FILES && is_empty(d->L))",
    why = "an empty object for the list of jobs is refused",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = [[{ "0301", THE_GATEWAY, GES_auth }, ]],
    put = "",
    why = "an expired token with another status than 401 is not renewed",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = [[{ "0308", ANY_SERVICE, GES_throttled }]],
    put = [[{ "0308", THE_GES, GES_throttled }]],
    why = "the throttling of the gateway is taken for a refusal",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = [[    case 408: return GES_unavailable;
]],
    put = "",
    why = "a 408 is not asked again",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "(n != strlen(id) || memcmp(got, id, n) != 0)",
    put = "(n < strlen(id) || memcmp(got, id, strlen(id)) != 0)",
    why = "the answer for a job whose id begins alike is taken",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = [[  if (found)
    add_authorization(L, object, &h->secrets);
]],
    put = "",
    why = "the text for the decoder of refusals is missing where it is inside of error",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "      && gesL_haserrorcode(L, body, h))",
    put = "      && 0)",
    why = "an empty page with an error code says that there are no jobs",
    spec = "spec/ges/call/list_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "if (strstr(lua_tostring(L, -1), GES_REDACTED) != NULL)",
    put = "if (0)",
    why = "the jobs of a graph named as the token are none",
    spec = "spec/ges/call/list_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "if (h->response.kind == GES_none && !h->response.whole)",
    put = "if (0)",
    why = "a connection that ends within the headers is no network error",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "name[i] = ges_lower(p[i]);",
    put = "name[i] = p[i];",
    why = "headers of an answer are found in one spelling only",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/lua/result.c",
    text = "    f.is_final = 1;             /* the next",
    put = "    f.is_final = 0;             /* the next",
    why = "an answer that is coded is asked for again and again",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/lua/error_body.c",
    text = [["error_message", "message", NULL]],
    put = [["message", NULL]],
    why = "an error has no message",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/error_body.c",
    text = [["error_code", "errorCode", "errCode",]],
    put = [["error_code", "errorCode",]],
    why = "an error has no code",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/error_body.c",
    text = ": codes[i + 1] == NULL ? LIKELY : SURE);",
    put = ": SURE);",
    why = "a word named code counts before the error code inside",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/advice.c",
    text = [[  { GES_not_found, "7007", ANY, OF_JOB("check job_id") },
]],
    put = "",
    why = "nothing says that it is the job_id that is wrong",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/lua/advice.c",
    text = "(r->of != SIGNED || f->is_signed)",
    put = "1",
    why = "who has a token is told to check the keys",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },
}
