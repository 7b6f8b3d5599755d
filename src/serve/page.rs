//! The pages as they leave the companion.

/// The page with the session's token in its head: by it the page knows that
/// there is a companion, and may ask it for checks.
pub fn with_token(page: &str, token: &str) -> String {
    let meta = format!("<meta name=\"wirebook-token\" content=\"{token}\">");
    match page.find("<head>") {
        Some(head) => {
            let (before, after) = page.split_at(head + "<head>".len());
            format!("{before}{meta}{after}")
        }
        None => page.to_owned(),
    }
}

/// What stands in place of the book as long as it has never been built.
pub fn of_error(message: &str) -> String {
    format!(
        "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>The book does not build</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 3rem auto; padding: 0 1rem; }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border-left: 0.25rem solid; padding-left: 1rem; }}
</style>
</head>
<body>
<h1>The book does not build</h1>
<p>mdBook says:</p>
<pre>{}</pre>
<p>Mend it and save: the book then appears here by itself.</p>
<script>
  const events = new EventSource('/wirebook/events');
  events.addEventListener('reload', () => location.reload());
  events.addEventListener('book-error', (event) => {{
    const message = JSON.parse(event.data).message;
    if (message !== null) document.querySelector('pre').textContent = message;
  }});
</script>
</body>
</html>
",
        escape(message)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_into_the_head() {
        let page = "<html><head><title>x</title></head></html>";
        assert_eq!(
            with_token(page, "12"),
            "<html><head><meta name=\"wirebook-token\" content=\"12\"><title>x</title></head></html>"
        );
        assert_eq!(with_token("no head", "12"), "no head");
    }

    #[test]
    fn an_error_cannot_become_part_of_the_page() {
        let page = of_error("<script>&");
        assert!(page.contains("&lt;script&gt;&amp;"));
    }
}
