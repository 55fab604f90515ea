//! Tests of mail texts: built-in ones, replaced ones, and what is filled in.

use super::super::mail::MailBody;
use super::*;

const TO: &str = "own@example.com";

fn texts() -> MailTexts {
    MailTexts::load(Path::new("/nonexistent"), "Garden & Co", false).unwrap()
}

fn html(mail: &Mail) -> &str {
    match &mail.body {
        MailBody::Html(html) => html,
        MailBody::Text(_) => panic!("not HTML"),
    }
}

fn text(mail: &Mail) -> &str {
    match &mail.body {
        MailBody::Text(text) => text,
        MailBody::Html(_) => panic!("not text"),
    }
}

fn names(mail: &Mail) -> Vec<&str> {
    mail.attachments.iter().map(|a| a.name.as_str()).collect()
}

#[test]
fn token_mails() {
    let one = texts().one_token(TO, Some("Greenhouse"), Some("Valve"), "T1");
    assert_eq!(one.subject, "Auth Token for Greenhouse project and device Valve");
    assert!(text(&one).starts_with("Auth Token : T1\n\nPut this token"));
    let unnamed = texts().one_token(TO, None, None, "T1");
    assert_eq!(unnamed.subject, "Auth Token for New Project project and device New Device");
    let all = texts().all_tokens(TO, None, &[(Some("A"), "T1"), (None, "T2")]);
    assert_eq!(all.subject, "Auth Tokens for New Project project and 2 devices");
    let start = "Auth Token for device 'A' : T1\nAuth Token for device 'New Device' : T2\n\nPut";
    assert!(text(&all).starts_with(start));
}

#[test]
fn app_previews_have_pictures_and_a_list() {
    let tokens = [
        FlashedToken { token: "T1", device_id: 0, device_name: "A<b>" },
        FlashedToken { token: "T2", device_id: 1, device_name: "B" },
    ];
    let mail = texts().app_preview_static(TO, "Shop", Some("P"), 7, &tokens);
    assert_eq!(mail.subject, "Shop - App details");
    assert!(html(&mail).contains("<br>A&lt;b&gt;: T1<br>B: T2"));
    assert_eq!(names(&mail), ["T1_7_0.jpg", "T2_7_1.jpg", "tokens.csv"]);
    assert!(mail.attachments[2].data == AttachmentData::Bytes(b"T1,0,7\nT2,1,7\n".to_vec()));
    assert!(mail.attachments[0].data == AttachmentData::QrJpeg { text: "T1".to_owned(), size: 125 });

    let bulk = MailTexts::load(Path::new("/nonexistent"), "P", true).unwrap();
    let mail = bulk.app_preview_dynamic(TO, "Shop", None, 7, "T");
    assert!(html(&mail).contains("New Project"));
    assert_eq!(names(&mail), ["T_7_-1.jpg"]);
}

#[test]
fn password_mails_and_pages() {
    let mail = texts().reset_by_app("o'x+1@example.com", "MyApp", "r.example", "T0");
    assert_eq!(mail.subject, "Password restoration for your Garden & Co account.");
    assert!(html(&mail).contains("\"http://r.example/restore?token=T0&amp;email=o%27x+1@example.com\""));
    assert!(html(&mail).contains("Garden &amp; Co"));
    assert_eq!(names(&mail), ["resetPassQr.jpg"]);
    let code = "myapp://restore?token=T0&email=o%27x%2B1%40example.com".to_owned();
    assert!(mail.attachments[0].data == AttachmentData::QrJpeg { text: code, size: 250 });
    assert!(texts().restore_page("h", "T0", TO).contains("token=T0&amp;email=own@example.com"));

    let done = texts().reset_done(TO);
    assert_eq!(done.subject, "Your new password on Garden & Co");
    assert!(html(&done).contains(TO));
    let web = texts().reset_by_web(TO, "http://h/landing?token=T");
    assert_eq!(web.subject, "Password reset request for the Garden & Co app.");
    assert!(html(&web).contains("href=\"http://h/landing?token=T\""));
    let page = texts().new_password_page("\"<b>@example.com", "T");
    assert!(page.contains("value=\"&quot;&lt;b&gt;@example.com\"") && page.contains("name=\"token\" value=\"T\""));
    assert!(page.contains("action=\"updatePassword\"") && !page.contains("{EMAIL}") && !page.contains("{TOKEN}"));
}

#[test]
fn other_mails() {
    assert_eq!(texts().welcome(TO).subject, "Get started with Blynk");
    let template = texts().template_id(TO, "<T>", "TMPL1");
    assert_eq!(template.subject, "Template ID for <T>");
    assert!(html(&template).contains("Template &lt;T&gt;") && html(&template).contains("TMPL1"));
    let files = [HistoryFile { url: "http://h/a?b&c", label: "D <1> v1".to_owned() }];
    let history = texts().history(TO, None, &files);
    assert_eq!(history.subject, "History graph data for project ");
    let body = "<html><body><a href=\"http://h/a?b&amp;c\">D &lt;1&gt; v1</a><br></body></html>";
    assert_eq!(html(&history), body);
    let to = [TO, "b@example.com"];
    let report =
        texts().report(&to, ReportPeriod::OneTime, None, "Report name: R<br>Period: One time", "http://h/x.zip");
    assert_eq!((report.subject.as_str(), report.to.len()), ("Your one time Report is ready", 2));
    assert!(html(&report).contains("Report name: R<br>Period: One time"));
    assert!(html(&report).contains("href=\"http://h/x.zip\""));
    let weekly = texts().report(&to, ReportPeriod::Weekly, Some("Temps"), "", "");
    assert_eq!(weekly.subject, "Your weekly Temps is ready");
}

#[test]
fn files_replace_the_built_in_texts() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let load = || MailTexts::load(folder.path(), "P", false);
    put("single_token_mail_body.txt", "Do not lose it.\r\nWärter".as_bytes());
    put("static/register-email.html", b"<p>{NAME}</p>");
    put("static/reset/reset-email.html", b"static {RESET_URL}");
    put("static-override/reset/reset-email.html", b"override {RESET_URL}");
    let texts = load().unwrap();
    assert_eq!(text(&texts.one_token(TO, None, None, "T")), "Auth Token : T\nDo not lose it.\nWärter\n");
    assert_eq!(html(&texts.welcome(TO)), "<p>{NAME}</p>\n");
    assert_eq!(html(&texts.reset_by_web(TO, "U")), "override U\n");
    put("template_id_mail.html", b"\xff");
    assert!(load().err().unwrap().to_string().ends_with("template_id_mail.html: not UTF-8"));
}
