package your.app

import io.approov.service.okhttp.ApproovDefaultMessageSigning
import io.approov.service.okhttp.ApproovService

object Signing {
    fun before38() {
        // region: signing
        // Approov's layer 3.5.6 to 3.5.8; after initialize
        ApproovService.setServiceMutator(
            ApproovDefaultMessageSigning().setDefaultFactory(
                ApproovDefaultMessageSigning.generateDefaultSignatureParametersFactory()
            )
        )
        // endregion
    }
}
